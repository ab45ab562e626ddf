"""What can be typed?

app       the commands, each read only when it is called; faults become a sentence and an exit code
frame     what every command needs: the settings, the store, a loop to run in
output    tables on a terminal, one JSON document, CSV
reasoning the look of `ntd resolve` as a tree
words     texts of the user read as what they mean: times, names
trials/   what `ntd doctor` tries

One file per command or family of commands; none decides anything.
"""
