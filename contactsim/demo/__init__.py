"""The classroom: a browser page that plays two worlds side by side (docs/demo.md).

``choice`` says what is shown and reads and writes it as a link; ``build`` makes the two worlds of a choice;
``pictures`` turns a world's week into what the page draws; ``player`` lives the weeks on a thread of its own;
``app`` is the page; ``serve`` starts it.
"""
