# make demo: set up, build an index of the sample reports, search it.   make test: set up, run all tests.
# make serve: set up, build an index of the sample reports, serve it in the browser; PORT=8080 chooses the port.
# make check: what CI runs. Tests run in a process for each core, four at the most.
# PYTHON=python3.12 chooses the interpreter (3.10 or newer).
# make lowest: run a selection of the tests with the lowest versions of the libraries that setup.cfg allows.
# make package: build sdist and wheel, and try the wheel in a fresh environment: install, demo, uninstall.
# make docs: write the reference in docs/ from the commands, the source and an index of the sample reports.
# make pictures: take the pictures of docs/pictures with chromium, a minute.
# make browser: test every page in chromium, and the API, with everything; make check does a part (docs/browser.md).
# make storm: kill builds at random moments for a quarter of an hour, and judge what they leave.
# make attacks: break system calls, signal processes, cut the power, damage files, send hostile queries and requests, read,
#   copy and move indexes while they are built; each may take an hour. ATTACK="--minutes 5" shortens them; make faults,
#   kills, power, tampering, queries, addresses or neighbours runs one (tests/attacks/RESULTS.md).
# make mutations: read ten thousand damaged files of every format.
# make worst: read the worst files of every format that we can think of, beside sound ones.
# make opensearch: run the tests of engines on an OpenSearch node (Java, Maven), with one shard and with three, and those of
#   its security; OPENSEARCH=3 chooses OpenSearch 3 (JAVA_HOME of Java 21).
# make cluster: break a cluster of three nodes during builds and searches, a quarter of an hour (tests/opensearch/FAULTS.md).
# make figures: measure how well figures are found and looked up (bench/MEASURES.md).
# make tables: measure how well tables are read in each format (bench/TABLES.md).
# make ablation: measure what each optimisation of the columnar engine saves (bench/ABLATION.md).
# make product: measure searches from the typed query to the page, their parts and their floor, cold commands, several
#   cores and memory (bench/PRODUCT.md); PRODUCT="10k gov" chooses corpora.
# make manymeasures: measure look-ups, comparisons and the audit on 450,000 measures (bench/README.md).
# make load: measure the server under load, twenty-five minutes (bench/README.md); LOAD="--seconds 60" takes five.
# make bench: measure everything, as bench/README.md says; BENCH="--size 10k" measures a part.

PYTHON ?= python3
PORT ?= 8000
OPENSEARCH ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST_VENV := .venv-lowest
LOWEST_READY := $(LOWEST_VENV)/.ready
BENCH_VENV := .venv-bench
ATTACKS := faults kills power tampering queries addresses neighbours
BENCH_READY := $(BENCH_VENV)/.ready

.PHONY: demo serve test check format lint types lowest docs pictures browser storm mutations worst opensearch cluster figures tables ablation bench product manymeasures load attacks $(ATTACKS) package clean

demo: $(READY)
	$(BIN)/searchkit build corpus/reports --index index
	$(BIN)/searchkit search "双随机 处罚" --facet district --facet year --facet topic --limit 5
	@echo
	@echo "The same in the browser:   $(BIN)/searchkit serve --index index --open"
	@echo "Your own reports:          $(BIN)/searchkit build FOLDER --index my-index"
	@echo "The command in any folder: pipx install '.[all]'  (or: uv tool install '.[all]')"
	@echo "What else it can do:       docs/tutorial.md; in Chinese: README.zh.md"

serve: $(READY)
	$(BIN)/searchkit build corpus/reports --index index
	$(BIN)/searchkit serve --index index --port $(PORT)

test: $(READY)
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: format lint types test

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

lowest: $(LOWEST_READY)
	$(LOWEST_VENV)/bin/pytest -W default --numprocesses auto --dist loadfile tests/approval tests/cli tests/corpus/formats tests/engines/test_contract.py tests/indexing/test_build.py tests/output tests/test_index.py tests/text

package: $(READY)
	.ci/package $(BIN)/python

docs: $(READY)
	$(BIN)/python docs/generate.py

pictures: $(READY)
	$(BIN)/python docs/pictures.py

browser: $(READY)
	$(BIN)/python tests/web/whole.py

storm: $(READY)
	$(BIN)/python tests/durability/storm.py

attacks: $(ATTACKS)

$(ATTACKS): $(READY)
	$(BIN)/python tests/attacks/$@.py $(ATTACK)
	$(BIN)/python tests/attacks/report.py

mutations: $(READY)
	$(BIN)/python tests/formats/mutations.py

worst: $(READY)
	$(BIN)/python tests/formats/worst.py

opensearch: $(READY)
	$(BIN)/python tests/opensearch/everything.py $(OPENSEARCH)

cluster: $(READY)
	$(BIN)/python tests/opensearch/faults.py $(OPENSEARCH)

figures: $(READY)
	$(BIN)/python -m bench.measures

tables: $(READY)
	$(BIN)/python -m bench.tables

ablation: $(READY)
	$(BIN)/python -m bench.ablation

bench: $(BENCH_READY)
	$(BENCH_VENV)/bin/python -m bench.run $(BENCH)
	$(BENCH_VENV)/bin/python -m bench.report

product: $(BENCH_READY)
	$(BENCH_VENV)/bin/python -m bench.product --build $(PRODUCT)
	$(BENCH_VENV)/bin/python -m bench.shares $(PRODUCT)
	$(BENCH_VENV)/bin/python -m bench.floor
	$(BENCH_VENV)/bin/python -m bench.cold
	$(BENCH_VENV)/bin/python -m bench.concurrency
	$(BENCH_VENV)/bin/python -m bench.memory $(PRODUCT)
	$(BENCH_VENV)/bin/python -m bench.productreport

manymeasures: $(READY)
	$(BIN)/python -m bench.manymeasures $(MANYMEASURES)

load: $(READY)
	$(BIN)/python -m bench.load $(LOAD)

clean:
	rm -rf $(VENV) $(LOWEST_VENV) $(BENCH_VENV) bench/data index/index.json index/data-* index/writer.*

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'searchkit needs Python 3.10 or newer: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(READY)

$(LOWEST_READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(LOWEST_VENV)
	sed -nE '/^dev =/q; s/^ +([A-Za-z0-9_-]+) >= ([0-9.]+).*/\1 == \2/p' setup.cfg | sort -u > $(LOWEST_VENV)/lowest.txt
	$(LOWEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOWEST_VENV)/lowest.txt --editable ".[dev]"
	touch $(LOWEST_READY)

$(BENCH_READY): setup.cfg pyproject.toml bench/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt --editable .
	touch $(BENCH_READY)
