"""Draws a metric by layer with 95 % bootstrap intervals over seeds and orders, a panel a dataset, as the paper's Figure 3.

    python examples/python/plot_similarity.py results simaou.png simaou
"""

import argparse
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy
import pandas

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("folder", type=pathlib.Path, help="the --out folder of icl-gd run or icl-gd score")
parser.add_argument("picture", help="to be written: .png, .svg or .pdf")
parser.add_argument("metric", nargs="?", default="simaou", help="as in layerwise.csv (default: simaou)")
options = parser.parse_args()
folder, metric = options.folder, options.metric
if not (folder / "layerwise.csv").exists():
    sys.exit(f"{folder} has no layerwise.csv: it is not the --out folder of a finished icl-gd run or icl-gd score")
LABELS = {"simaou": "SimAOU", "simaou_norm": "SimAOU_norm", "simam": "SimAM", "simam_delta": "SimAM_Δ", "alpha": "α"}

table = pandas.read_csv(folder / "layerwise.csv")
table = table[table["variant"] == "trained"]
if metric not in set(table["metric"]):
    there = ", ".join(table["metric"].unique()) or "none"
    sys.exit(f"{folder / 'layerwise.csv'} has no {metric} of the trained model; there is {there}")
table = table[table["metric"] == metric]

datasets = list(table["dataset"].unique())
columns = min(3, len(datasets))
rows = -(-len(datasets) // columns)
figure, axes = plt.subplots(rows, columns, figsize=(4 * columns, 3 * rows), squeeze=False, sharey=True, layout="constrained")
random = numpy.random.default_rng(0)
for axis, dataset in zip(axes.flat, datasets):
    for method, own in table[table["dataset"] == dataset].groupby("method"):
        runs = own.pivot_table(index=["seed", "permutation"], columns="layer", values="value")
        (line,) = axis.plot(runs.columns, runs.mean(), marker="o", markersize=3, label=LABELS.get(metric, metric) if method == "-" else method)
        if len(runs) > 1:
            drawn = runs.to_numpy()[random.integers(len(runs), size=(1000, len(runs)))].mean(axis=1)
            lower, upper = numpy.percentile(drawn, [2.5, 97.5], axis=0)
            axis.fill_between(runs.columns, lower, upper, alpha=0.2, color=line.get_color(), linewidth=0)
    axis.set_title(dataset)
    axis.set_xlabel("layer")
    axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axis.grid(alpha=0.3)
for axis in axes[:, 0]:
    axis.set_ylabel(LABELS.get(metric, metric))
for axis in list(axes.flat)[len(datasets) :]:
    axis.remove()
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
figure.savefig(options.picture, dpi=150)
