"""What the network says, and how late: beside and below the pictures."""
