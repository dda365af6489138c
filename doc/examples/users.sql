-- The table that sql.conf asks. An empty destuser keeps the user's name.

CREATE TABLE proxy (user varchar(255) NOT NULL PRIMARY KEY,
  host varchar(255), destuser varchar(255));
INSERT INTO proxy VALUES ('john', '192.168.0.1', NULL);
INSERT INTO proxy VALUES ('joe', '192.168.0.2', 'joe@domain.net');
