"""`python -m linbench`: the command of the environment that this Python belongs to."""

from linbench.cli.main import main

if __name__ == "__main__":
    main(prog_name="linbench")
