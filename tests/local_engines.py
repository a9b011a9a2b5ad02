"""The engines that run in this process. The tests of engines run on each of them, or on a cluster (`--cluster`)."""

LOCAL_ENGINES = ("columnar", "whoosh")
