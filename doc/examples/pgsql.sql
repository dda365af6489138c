-- A host for each domain, for sql-pgsql.conf:
--   createdb dovecotdb; psql dovecotdb <pgsql.sql
CREATE ROLE dovecotdba LOGIN PASSWORD 'dovecotpw';
ALTER ROLE dovecotdba SET search_path = dovecot;
CREATE SCHEMA dovecot;
CREATE TABLE dovecot.proxy_domain_mappings (
  domain VARCHAR(32) NOT NULL,
  mail_server_ip inet NOT NULL,
  PRIMARY KEY (domain)
);
CREATE TYPE dovecot.mapping_t AS (
  password varchar(8),
  host varchar(16),
  destuser varchar(255),
  nologin varchar(1),
  nodelay varchar(1),
  proxy varchar(1)
);
CREATE FUNCTION dovecot.domain_mapping(mail_user varchar(32))
RETURNS SETOF dovecot.mapping_t AS $$
DECLARE
  _mapping dovecot.mapping_t;
BEGIN
  FOR _mapping IN
    SELECT NULL, mail_server_ip, split_part(mail_user, '@', 1), 'Y', 'Y', 'Y'
      FROM dovecot.proxy_domain_mappings
      WHERE domain = lower(split_part(mail_user, '@', 2))
  LOOP
    RETURN NEXT _mapping;
  END LOOP;
END;
$$ LANGUAGE plpgsql;
GRANT USAGE ON SCHEMA dovecot TO dovecotdba;
GRANT SELECT ON dovecot.proxy_domain_mappings TO dovecotdba;
INSERT INTO dovecot.proxy_domain_mappings VALUES ('labo1', '192.168.0.1');
INSERT INTO dovecot.proxy_domain_mappings VALUES ('labo2', '192.168.0.2');
