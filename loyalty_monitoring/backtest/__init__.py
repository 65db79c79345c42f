"""Past log entries of a Google Cloud project -> replay -> the incidents that the definitions would have opened."""
