@main struct Hothouse { static func main() {} }
