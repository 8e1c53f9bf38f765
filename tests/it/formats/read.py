"""Reads backlint's outputs with the parsers of others, and prints what these understood as JSON.

`junit FILE`: junitparser. `markdown FILE`: cmarkgfm, GitHub's own renderer, with its extensions; then the
elements, links and text of the HTML.
"""

import html.parser
import json
import sys

import cmarkgfm
import junitparser


def junit(path):
    document = junitparser.JUnitXml.fromfile(path)
    suites = [
        {
            "name": suite.name,
            "tests": suite.tests,
            "failures": suite.failures,
            "skipped": suite.skipped,
            "cases": [
                {
                    "name": case.name,
                    "classname": case.classname,
                    "file": case._elem.get("file"),
                    "line": case._elem.get("line"),
                    "result": [
                        {"kind": type(it).__name__, "message": it.message, "text": it.text}
                        for it in case.result
                    ],
                    "out": case.system_out,
                }
                for case in suite
            ],
        }
        for suite in document
    ]
    return {
        "tests": document.tests,
        "failures": document.failures,
        "errors": document.errors,
        "suites": suites,
    }


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements, self.links, self.cells, self.text = set(), [], [], ""
        self.cell = None

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cells.append(self.cell)
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell is not None:
            self.cell += data


def markdown(path):
    with open(path, encoding="utf-8") as file:
        rendered = cmarkgfm.github_flavored_markdown_to_html(
            file.read(), options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
        )
    page = Page()
    page.feed(rendered)
    return {
        "elements": sorted(page.elements),
        "links": page.links,
        "cells": page.cells,
        "text": page.text,
    }


readers = {"junit": junit, "markdown": markdown}
json.dump(readers[sys.argv[1]](sys.argv[2]), sys.stdout)
