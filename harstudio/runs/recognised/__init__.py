"""What a recognition says, looked up by time, trimmed and told in words; numpy only."""
