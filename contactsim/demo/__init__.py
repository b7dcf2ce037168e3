"""The classroom: a browser page that shows two worlds side by side (docs/demo.md).

``ui_state`` holds what is shown and reads and writes it as a link; ``build`` makes the two worlds of a state and their
maps; ``pictures`` turns a world's week into what the page draws; ``player`` simulates the weeks on its own thread;
``session`` handles the events of one visitor; ``app`` is the page; ``serve`` starts it.
"""
