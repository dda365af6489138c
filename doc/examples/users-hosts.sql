-- Where everybody's mail is, for sql-hosts.conf.
CREATE TABLE mailboxes (
	user varchar(255) NOT NULL,
	password varchar(255) NOT NULL,
	host varchar(64) NOT NULL,
	PRIMARY KEY (user)
);
INSERT INTO mailboxes VALUES
	('john', '{PLAIN}johnpass', '192.168.0.1'),
	('joe', '{PLAIN}joepass', '192.168.0.2');
