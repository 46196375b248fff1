"""Whatever else a user gives, turned into hints: reference pictures, palettes, alternatives, places worth a click."""
