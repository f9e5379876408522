"""Reading programs off the shelf, what they do to a picture before they read it, and what they get right.

An *opponent* is a program. A *way* is what is done to a picture before it reads: a turn, a cut into pieces, a
treatment of each piece, and the program's own mode. Opponents never see a code; they may know the site's symbols.
"""
