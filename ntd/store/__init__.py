"""What is written down, and in what order is it taken up again?"""
