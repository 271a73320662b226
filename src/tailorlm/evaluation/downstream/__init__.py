"""The suite "downstream": stars, likes and recommendations on films that people rated."""
