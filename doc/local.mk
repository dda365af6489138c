dist_doc_DATA = HACKING.md NEWS.md README.md SECURITY.md
dist_doc_DATA += doc/IPC.md
dist_doc_DATA += doc/PROCESSES.md
dist_doc_DATA += doc/SEED.md
dist_doc_DATA += doc/TOUR.md
dist_man_MANS =
dist_man_MANS += doc/man/mailwicket.8
dist_examples_DATA = \
	doc/examples/mailwicket.conf \
	doc/examples/sql.conf \
	doc/examples/users.sql
examplesdir = $(docdir)/examples
