"""What cannot be made a program, and why."""


class NotStatic(RuntimeError):
    """What f computes depends on more than the graph of one call shows: call f itself."""
