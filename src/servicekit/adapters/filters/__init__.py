"""What somebody may see as a filter of an application's ORM: one file each, and an extra each."""
