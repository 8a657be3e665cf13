"""Methods that see the whole function: line searches, conjugate gradients, quasi-Newton, Newton, least squares."""
