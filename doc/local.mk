dist_doc_DATA =
dist_doc_DATA += doc/IPC.md
dist_man_MANS =
dist_examples_DATA =
examplesdir = $(docdir)/examples
