"""The browser script as it lies in the repository."""

import os
import re

from webserver import ROOT

SOURCE = os.path.join(ROOT, "ngx_exportsite_module/script/exportsite.js")
MADE = os.path.join(ROOT, "ngx_exportsite_module/core/script.c")

STRING = re.compile(r'^    "((?:\\.|[^"\\])*)";?$', re.M)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def minified():
    """es_script of core/script.c."""
    return re.sub(r"\\(.)", r"\1", "".join(STRING.findall(read(MADE))))


def served(cookie="", optout="gpc dnt"):
    """What the collector answers to a GET."""
    return f'{minified()}("{cookie}","{optout}");\n'
