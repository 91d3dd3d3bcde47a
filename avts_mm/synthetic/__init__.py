"""The embedded corpus: small videos whose sound is made by what is seen."""
