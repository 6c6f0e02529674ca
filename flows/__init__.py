"""What runs in which order."""

from flows.shadows import refuse_shadows

refuse_shadows()
