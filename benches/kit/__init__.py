"""What the scripts of this folder share: their flags, a server, `contact bench`, and pictures.

Python 3 and its standard library, nothing else. A script is given flags as NAME=VALUE, like the other benches.
"""
