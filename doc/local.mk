dist_doc_DATA =
dist_man_MANS =
dist_examples_DATA =
examplesdir = $(docdir)/examples
