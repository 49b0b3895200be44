"""The firmware: app.py joins the parts, README has the map."""
