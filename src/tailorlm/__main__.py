"""`python -m tailorlm`: the command line, for launchers that start modules."""

from tailorlm.cli.start import run

if __name__ == "__main__":
    run()
