# make demo: set up, build an index of the sample reports, search it.   make test: set up, run all tests.
# make serve: set up, build an index of the sample reports, serve it in the browser; PORT=8080 chooses the port.
# make check: what CI runs. Tests run in a process for each core, four at the most.
# PYTHON=python3.12 chooses the interpreter (3.10 or newer).
# make lowest: run a selection of the tests, minutes at most, with the lowest versions of the libraries that setup.cfg allows.
# make package: build sdist and wheel, and try the wheel in a fresh environment: install, demo, uninstall.
# make lock: write supply/requirements.txt, the versions and hashes of everything that make demo, test and check install;
#   LOCK=--upgrade takes the newest versions. make sbom: write the bill of materials and the list of licences from it.
# make docs: write the reference in docs/ from the commands, the source and an index of the sample reports.
# make catalogue: add and remove texts in the catalogues of translations, and compile them.
# make pictures: take the pictures of docs/pictures with chromium, a minute.
# make browser: test every page in chromium, and the API, with everything; make check does a part (docs/browser.md).
# make storm: kill builds at random moments for a quarter of an hour, and judge what they leave.
# make attacks: break system calls, signal processes, cut the power, damage files, send hostile queries and requests, read,
#   copy and move indexes while they are built; each may take an hour. ATTACK="--minutes 5" shortens them; make faults,
#   kills, power, tampering, crafted, queries, addresses or neighbours runs one (tests/attacks/RESULTS.md).
# make mutations: read ten thousand damaged files of every format.
# make worst: read the worst files of every format that we can think of, beside sound ones.
# make opensearch: run the tests of engines on an OpenSearch node (Java, Maven), with one shard and with three, and those of
#   its security; OPENSEARCH=3 chooses OpenSearch 3 (JAVA_HOME of Java 21).
# make cluster: break a cluster of three nodes during builds and searches, a quarter of an hour (tests/opensearch/FAULTS.md).
# make measures: measure how well measures are found and looked up (bench/MEASURES.md).
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
# What is run with the lowest versions: tests of modules that call a library whose version differs there. Of these, what takes
# long and calls none is left out: readers that use only what comes with Python (encodings, .doc, the numbers of lists),
# conversions by LibreOffice, workers that fail, locks, and signals. Words too: jieba and rjieba have one version. They are
# `nice`, because CI runs all tests beside them: they use the cores while those wait.
LOWEST_TESTS := tests/approval tests/cli tests/corpus/formats tests/engines/test_contract.py tests/indexing/test_build.py \
  tests/output tests/test_index.py tests/text/test_folding.py
LOWEST_IGNORED := $(addprefix tests/corpus/formats/test_,mutations.py doc.py encodings.py listnumbers.py)
LOWEST_DESELECTED := tests/cli/test_cli.py::test_ctrl_c tests/corpus/formats/test_formats.py::test_word_97_yields_the_same_report \
  tests/corpus/formats/test_seed_formats.py::test_libreoffice_conversions_score_as_text \
  tests/corpus/formats/test_registry.py::test_random_bytes_are_not_text \
  $(addprefix tests/indexing/test_build.py::test_,files_whose_readers_fail_are_skipped \
  a_second_writer_is_refused a_second_writer_is_refused_without_knowing_the_first a_killed_writer_does_not_block)
BENCH_VENV := .venv-bench
ATTACKS := faults kills power tampering crafted queries addresses neighbours
BENCH_READY := $(BENCH_VENV)/.ready
LOCK_VENV := .venv-lock
LOCKED := supply/build.txt supply/requirements.txt
COMPILE := pip compile --quiet --universal --python-version 3.10 --generate-hashes --custom-compile-command "make lock" $(LOCK)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

# Tests and examples start many processes. Each would compile searchkit again if it may not keep the result.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test check format lint types lowest docs catalogue pictures browser storm mutations worst opensearch measures tables ablation bench product manymeasures load attacks $(ATTACKS) package lock sbom cluster clean

demo: $(READY)
	$(BIN)/searchkit build corpus/reports --index index
	$(BIN)/searchkit search "双随机 处罚" --facet district --facet year --facet topic --limit 5
	@echo
	@case "$${LC_ALL:-$${LC_MESSAGES:-$$LANG}}" in zh*) \
	  echo "在浏览器中查看：      $(BIN)/searchkit serve --index index --open"; \
	  echo "检索自己的报告：      $(BIN)/searchkit build 报告目录 --index my-index"; \
	  echo "在任何目录使用命令：  pipx install '.[all]'（或 uv tool install '.[all]'）"; \
	  echo "其他功能：            README.zh.md";; \
	*) \
	  echo "The same in the browser:   $(BIN)/searchkit serve --index index --open"; \
	  echo "Your own reports:          $(BIN)/searchkit build FOLDER --index my-index"; \
	  echo "The command in any folder: pipx install '.[all]'  (or: uv tool install '.[all]')"; \
	  echo "What else it can do:       docs/tutorial.md; in Chinese: README.zh.md";; \
	esac

serve: $(READY)
	$(BIN)/searchkit build corpus/reports --index index
	$(BIN)/searchkit serve --index index --port $(PORT)

test: $(READY)
	$(BIN)/pytest --numprocesses auto --dist worksteal

check: format lint types test

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

lowest: $(LOWEST_READY)
	nice $(LOWEST_VENV)/bin/pytest -W default $(LOWEST_TESTS) $(addprefix --ignore ,$(LOWEST_IGNORED)) $(addprefix --deselect ,$(LOWEST_DESELECTED))

package: $(READY)
	.ci/package $(BIN)/python

lock:
	$(PYTHON) -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python $(PIP_INSTALL) --upgrade uv
	sed -nE 's/^requires = \["(.*)"\]$$/\1/p' pyproject.toml | $(LOCK_VENV)/bin/uv $(COMPILE) --no-annotate - --output-file supply/build.txt
	$(LOCK_VENV)/bin/uv $(COMPILE) --all-extras setup.cfg --output-file supply/requirements.txt

sbom: $(READY)
	$(BIN)/python supply/sbom.py

docs: $(READY)
	$(BIN)/python docs/generate.py

catalogue: $(READY)
	$(BIN)/python docs/catalogue.py

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

measures: $(READY)
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
	rm -rf $(VENV) $(LOWEST_VENV) $(BENCH_VENV) $(LOCK_VENV) bench/data index/index.json index/data-* index/writer.*

# Without isolation, jieba's sdist and searchkit itself are built by the setuptools of the lock file.
$(READY): setup.cfg pyproject.toml $(LOCKED)
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'searchkit needs Python 3.10 or newer: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --require-hashes --requirement supply/build.txt
	$(BIN)/python $(PIP_INSTALL) --require-hashes --no-build-isolation --requirement supply/requirements.txt
	$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch $(READY)

# After the other environment, because an editable installation writes to this folder. Tests are run in one process: CI
# runs the others beside them. It compiles the modules that it imports, a part of those of all libraries.
$(LOWEST_READY): setup.cfg pyproject.toml | $(READY)
	$(PYTHON) -m venv $(LOWEST_VENV)
	sed -nE '/^dev =/q; s/^ +([A-Za-z0-9_-]+) >= ([0-9.]+).*/\1 == \2/p' setup.cfg | sort -u > $(LOWEST_VENV)/lowest.txt
	$(LOWEST_VENV)/bin/python $(PIP_INSTALL) --no-compile --constraint $(LOWEST_VENV)/lowest.txt --editable ".[all]" httpx2 hypothesis pytest reportlab
	touch $(LOWEST_READY)

$(BENCH_READY): setup.cfg pyproject.toml bench/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python $(PIP_INSTALL) --requirement bench/requirements.txt --editable .
	touch $(BENCH_READY)
