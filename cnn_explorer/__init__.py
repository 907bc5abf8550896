"""CNN Explorer: browse, run and look inside the classic convolutional networks.

Importing the package imports neither torch nor Qt; the layers do that where they need them.
"""

__version__ = "0.1.0"
