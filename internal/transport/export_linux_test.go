package transport

// Tests have few events at a time. The ring reads and sends also for one.
func init() { fewest = 1 }
