"""`python -m tawsim.cli`: the same as the command `tawsim`."""

from tawsim.cli.main import main

if __name__ == "__main__":
    main()
