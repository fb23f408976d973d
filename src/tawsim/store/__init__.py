"""The only room with SQL: named statements, migrations, the SQLite writer and readers, backups, the lock of a served file.

A workspace is one SQLite file; sign-ins live in a second small file beside it. Rules of the labelling queue are not
here (labelling/), only the tables and constraints that back them up.
"""
