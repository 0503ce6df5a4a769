"""`python -m selvedge` and the `selvedge` command."""

from selvedge.cli import main

if __name__ == "__main__":
    main()
