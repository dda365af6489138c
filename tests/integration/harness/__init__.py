"""What the integration tests share: suites, mail hosts, clients, processes."""
