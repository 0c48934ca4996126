"""Makes the files of `tests/cli/files/`: tables as people have them, of many kinds.

Run ``python tests/cli/make_files.py FOLDER`` to look at them; the tests make them anew.
"""

import gzip
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

N_ROWS = 60


def numbers(n_columns=5, seed=0):
    """Return columns that two hidden ones make, with some noise."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(N_ROWS, 2))
    X = hidden @ rng.normal(size=(2, n_columns))
    X += rng.normal(size=X.shape) / 10
    return pd.DataFrame(X.round(3), columns=[f"m{i}" for i in range(n_columns)])


def people():
    """Return a table of text, dates, ids and gaps."""
    table = numbers(2).set_axis(["size", "weight"], axis=1).astype(object)
    days = pd.date_range("1990-01-05", periods=N_ROWS, freq="17D")
    table.insert(0, "id", [f"P{i:03}" for i in range(N_ROWS)])
    table["born"] = days.strftime("%d.%m.%Y")
    table["city"] = np.resize(["Bern", "Rome", "Oslo"], N_ROWS)
    table.iloc[3, 1], table.iloc[5, 3], table.iloc[7, 4] = "?", "", "NA"
    return table


def write_sqlite(path):
    with closing(sqlite3.connect(path)) as connection:
        people().to_sql("people", connection, index=False)


def write_images(folder, sizes=((8, 6),)):
    rng = np.random.default_rng(0)
    for i in range(N_ROWS):
        width, height = sizes[i % len(sizes)]
        x = np.linspace(0, 2, width) + rng.uniform(0, 2)
        picture = np.outer(np.linspace(0.2, 1, height), 0.5 + 0.5 * np.sin(x))
        name = folder / f"{'ab'[i % 2]}/{i:03}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((255 * picture).astype(np.uint8)).save(name)


def sequences():
    """Return waves, an array (n_rows, n_timesteps, n_channels)."""
    rng = np.random.default_rng(0)
    t = np.arange(8)[None, :, None]
    phase = rng.uniform(0, 6, (N_ROWS, 1, 1)) + np.array([0.0, 1.0])
    return np.sin(0.7 * t + phase)


def text(**options):
    """Return a function that writes numbers as text."""
    return lambda path: numbers().to_csv(path, index=False, **options)


def write_gzip(path):
    path.write_bytes(gzip.compress(numbers().to_csv(index=False).encode()))


def write_no_header(path):
    numbers().to_csv(path, index=False, header=False)


def write_counted(path):
    numbers().to_csv(path)  # as pandas does, with the numbers of the rows


def write_ids(path):
    table = numbers()
    table.insert(0, "customer", np.arange(1000, 1000 + N_ROWS))
    table.to_csv(path, index=False)


def write_latin(path):
    table = numbers().rename(columns={"m0": "größe", "m1": "länge"})
    path.write_bytes(table.to_csv(index=False).encode("cp1252"))


def write_json(path):
    path.write_text(json.dumps(people().to_dict("records")))


def write_groups(path):
    """Write rows of three classes far apart."""
    kinds = np.arange(N_ROWS) % 3
    table = numbers() + 20 * kinds[:, None]
    table.insert(0, "kind", np.array(["ash", "elm", "oak"])[kinds])
    table.to_csv(path, index=False)


def write_wide(path):
    numbers(300).to_csv(path, index=False)


#: What writes each file, or folder, by its name.
FILES = {
    "plain.csv": text(),
    "tabs.tsv": text(sep="\t"),
    "german.csv": text(sep=";", decimal=","),
    "latin.csv": write_latin,
    "packed.csv.gz": write_gzip,
    "no_header.csv": write_no_header,
    "row_numbers.csv": write_counted,
    "customers.csv": write_ids,
    "people.csv": lambda path: people().to_csv(path, index=False),
    "trees.csv": write_groups,
    "wide.csv": write_wide,
    "people.json": write_json,
    "people.jsonl": lambda p: people().to_json(p, orient="records", lines=True),
    "numbers.parquet": lambda path: numbers().to_parquet(path),
    "numbers.feather": lambda path: numbers().to_feather(path),
    "people.db": write_sqlite,
    "rows.npy": lambda path: np.save(path, numbers().to_numpy()),
    "waves.npy": lambda path: np.save(path, sequences()),
    "arrays.npz": lambda path: np.savez(path, X=numbers(), y=np.arange(N_ROWS)),
    "two.npz": lambda path: np.savez(path, a=numbers(), b=numbers(4, seed=1)),
    "series.csv": lambda p: numbers(2).cumsum().round(3).to_csv(p, index=False),
    "images": write_images,
    "uneven_images": lambda p: write_images(p, sizes=((8, 6), (9, 7))),
    "letter.docx": lambda path: path.write_text("Dear all"),
    "empty.csv": lambda path: path.write_text(""),
    "few.csv": lambda path: numbers().head(12).to_csv(path, index=False),
}


def make_files(folder):
    """Write all files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in FILES.items():
        write(folder / name)


if __name__ == "__main__":
    make_files(Path(sys.argv[1]))
