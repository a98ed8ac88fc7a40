"""Reads a run of `icl-gd run` (or the tables of `icl-gd score`) into pandas and prints what it measured.

    python examples/python/read_run.py results
"""

import argparse
import json
import pathlib
import sys

import pandas

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("folder", type=pathlib.Path, help="the --out folder of icl-gd run or icl-gd score")
folder = parser.parse_args().folder
if not (folder / "summary.csv").exists():
    sys.exit(f"{folder} has no summary.csv: it is not the --out folder of a finished icl-gd run or icl-gd score")

# What spreadsheets would run as a formula has an apostrophe before it; numbers are never changed.
summary = pandas.read_csv(folder / "summary.csv")
layerwise = pandas.read_csv(folder / "layerwise.csv")

manifest = folder / "manifest.json"
if manifest.exists():
    run = json.loads(manifest.read_text(encoding="utf-8"))
    config = run["model"]["config"]
    print(f"{run['model']['name']}: {config['layers']} layers, icl-gd {run['icl_gd']}, {run['adapter']['description']}\n")

# Mean over seeds and orders of the mean over layers, a column a dataset; "-" is what belongs to no method.
print(summary.pivot_table(index=["variant", "metric", "method"], columns="dataset", values="value").round(3).to_string())

# One metric by layer, mean over datasets, seeds and orders; an undefined value is an empty field, NaN here.
print("\nSimAOU by layer")
simaou = layerwise[layerwise["metric"] == "simaou"]
print(simaou.pivot_table(index="layer", columns=["variant", "method"], values="value").round(3).to_string())
