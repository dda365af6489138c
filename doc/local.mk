dist_doc_DATA =
dist_doc_DATA += doc/IPC.md
dist_doc_DATA += doc/PROCESSES.md
dist_man_MANS =
dist_man_MANS += doc/man/mailwicket.8
dist_examples_DATA =
examplesdir = $(docdir)/examples
