"""Cases of alerts: from log lines to the incidents that must open and close."""
