"""`python -m tinygrad_opt` is `tinygrad-opt`."""

import sys

from .cli import main

sys.exit(main())
