"""The published figures on real crowds. The sets lie outside the repository: TAWSIM_DATA names their folder."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from tawsim.truth import DawidSkene, Majority, Votes

FOLDER = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
# set: majority accuracy (%) as published with ties split, least Dawid–Skene accuracy (%)
KNOWN = {
    "d_product": (89.66, 93.5),
    "rte": (89.7, 92.5),
    "bluebird": (75.9, 88.0),
    "dog": (82.2, 83.5),
    "labelme": (76.6, 79.0),
    "weather_cf": (88.2, 87.0),
    "zencrowd_in": (74.0, 75.5),
    "sentiment_polarity_amt": (94.3, 94.2),
}
MISSING = [name for name in KNOWN if not (FOLDER / name).is_dir()]


def read(name):
    path = next(FOLDER.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def crowd(name):
    votes = Votes.from_table(read(f"{name}/answers.csv"))
    place = {task: i for i, task in enumerate(votes.tasks)}
    gold = [
        (place[row["task"]], votes.labels.index(row["label"]))
        for row in read(f"{name}/truth.csv")
        if row["task"] in place
    ]
    return votes, np.array(gold).T


def accuracy(probability, gold):
    """Expected accuracy with ties split."""
    p = probability[gold[0]]
    top = p >= p.max(axis=1, keepdims=True) - 1e-9
    return 100 * (top[np.arange(len(p)), gold[1]] / top.sum(axis=1)).mean()


def calibration_error(probability, gold):
    """ECE in 15 bins."""
    p = probability[gold[0]]
    sure, right = p.max(axis=1), p.argmax(axis=1) == gold[1]
    bins = np.minimum((sure * 15).astype(int), 14)
    return sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))


@pytest.mark.skipif(
    bool(MISSING), reason=f"{len(MISSING)} of {len(KNOWN)} crowd sets are not in {FOLDER}: set TAWSIM_DATA"
)
@pytest.mark.parametrize("name", KNOWN)
def test_published_accuracy(name):
    votes, gold = crowd(name)
    majority, at_least = KNOWN[name]
    assert accuracy(Majority().fit(votes).predict_proba(), gold) == pytest.approx(majority, abs=0.06)
    model = DawidSkene().fit(votes)
    assert accuracy(model.predict_proba(), gold) >= at_least
    assert (np.diff(model.log_posterior_) > -1e-6).all()
    assert calibration_error(model.predict_proba(), gold) <= calibration_error(model.posterior_, gold) + 0.005
