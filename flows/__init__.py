"""What runs in which order."""

import os

from flows.shadows import refuse_shadows

refuse_shadows()
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # must stand before Prefect is imported
