"""What several tests share: clusters, servers, oracles and recorded cases."""
