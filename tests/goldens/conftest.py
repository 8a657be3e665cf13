"""The scripts that make the goldens need libraries that the tests do not: they are not collected."""

collect_ignore_glob = ["make_*.py"]
