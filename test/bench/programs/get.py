"""Prints what an HTTP address answers.

    get.py URL
"""

import sys
import urllib.request

sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
