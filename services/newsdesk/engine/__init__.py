"""The partition runtime on aiokafka: it answers every record of its partitions exactly once and knows nothing of articles."""
