"""`python -m keepai …`"""

import sys

from keepai.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
