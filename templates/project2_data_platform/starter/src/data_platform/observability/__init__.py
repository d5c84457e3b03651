"""What every process shows of itself: logs, metrics, health."""
