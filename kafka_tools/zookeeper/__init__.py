"""The cluster's ZooKeeper, through kazoo."""
