"""What do the figures say? Pure: counts come from the database, shares and estimates are made here.

survival   Kaplan–Meier with Greenwood's interval
figures    shares, seconds, the head that every report has
keys       what a row is called, and the order of rows
sla        a row of removal figures
partners   a row of what became of forwarded items
backlog    what waits, in the order of the walk
paths      where sites went: the rows of the migration report
flat       a row as flat columns, for CSV
"""
