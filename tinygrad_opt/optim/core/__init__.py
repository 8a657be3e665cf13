"""What every optimizer stands on: a rule traced into a kernel, and the packed arrays that it runs over."""
