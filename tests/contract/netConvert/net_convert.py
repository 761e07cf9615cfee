"""`cloud-init devel net-convert` as often as its standard input has lines of arguments (JSON): one start of Python for all."""
import json
import sys

from cloudinit.cmd.devel import net_convert

for line in sys.stdin:
    arguments = json.loads(line)
    try:
        net_convert.handle_args("net-convert", net_convert.get_parser().parse_args(arguments))
    except Exception as error:  # what it cannot render is one of its answers
        print(f"{arguments[-1]}: {type(error).__name__}: {error}")
