"""Measurements that several stages share."""
